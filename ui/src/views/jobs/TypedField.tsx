/** A field whose text stands for a value: what is typed stays as it is typed, also while it is no value yet. */
import { TextInput, Textarea } from "@mantine/core";
import { useState } from "react";

interface Props<T> {
  label: string;
  /** The text of the value that is in force. */
  shown: string;
  read: (text: string) => T | null;
  onChange: (value: T) => void;
  wrong?: string;
  placeholder?: string;
  rows?: number;
  mono?: boolean;
}

export function TypedField<T>({ label, shown, read, onChange, wrong, placeholder, rows, mono }: Props<T>) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? shown;
  const problem = typed !== null && read(typed) === null ? wrong : undefined;
  const change = (next: string) => {
    setTyped(next);
    const value = read(next);
    if (value !== null) onChange(value);
  };
  const common = {
    label,
    placeholder,
    value: text,
    error: problem,
    onBlur: () => setTyped(null),
    styles: mono ? { input: { fontFamily: "var(--mantine-font-family-monospace)" } } : undefined,
  };
  return rows ? (
    <Textarea {...common} autosize minRows={rows} maxRows={12} onChange={(event) => change(event.currentTarget.value)} />
  ) : (
    <TextInput {...common} onChange={(event) => change(event.currentTarget.value)} />
  );
}
