/** YAML to be typed: what the server's own parser finds stands on its lines, and the schema completes keys and values. */
import { autocompletion, completionKeymap, startCompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { oneDarkHighlightStyle } from "@codemirror/theme-one-dark";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Diagnostic } from "@/api/types";
import { choicesAt } from "@/lib/completion";
import type { NativeSchema } from "@/lib/jobDocument";
import { LIGHT, LOOK, markOf } from "./Code";

interface Props {
  text: string;
  onChange: (text: string) => void;
  label: string;
  diagnostics: Diagnostic[];
  schema: NativeSchema | undefined;
  readOnly?: boolean;
}

export function Editor({ text, onChange, label, diagnostics, schema, readOnly = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const dark = useComputedColorScheme("light") === "dark";
  const now = useRef({ text, onChange, schema });
  now.current = { text, onChange, schema };
  useEffect(() => {
    if (!box.current) return;
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: now.current.text,
        extensions: [
          lineNumbers(),
          foldGutter(),
          lintGutter(),
          history(),
          drawSelection(),
          bracketMatching(),
          indentUnit.of("  "),
          search({ top: true }),
          autocompletion({ override: [(context) => complete(context, now.current.schema)] }),
          // Escape, then Tab leaves the editor: otherwise Tab would hold the keyboard in it.
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap, indentWithTab]),
          syntaxHighlighting(dark ? oneDarkHighlightStyle : LIGHT),
          EditorState.readOnly.of(readOnly),
          EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label }),
          EditorView.darkTheme.of(dark),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            const typed = update.state.doc.toString();
            if (typed !== now.current.text) now.current.onChange(typed);
          }),
          yaml(),
          LOOK,
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [label, dark, readOnly]);
  useEffect(() => {
    const there = view.current;
    if (!there || there.state.doc.toString() === text) return;
    there.dispatch({ changes: { from: 0, to: there.state.doc.length, insert: text } });
  }, [text]);
  useEffect(() => {
    const there = view.current;
    there?.dispatch(setDiagnostics(there.state, diagnostics.flatMap((one) => markOf(there.state, one))));
  }, [diagnostics, dark, readOnly]);
  return <div ref={box} style={{ height: "100%", minHeight: 0 }} data-testid="editor" />;
}

function complete(context: CompletionContext, schema: NativeSchema | undefined): CompletionResult | null {
  if (!schema) return null;
  const found = choicesAt(schema, context.state.doc.toString(), context.pos);
  if (!found || (!context.explicit && found.from === context.pos && !/: $/.test(context.state.sliceDoc(0, context.pos)))) return null;
  return {
    from: found.from,
    validFor: /^[\w-]*$/,
    options: found.options.map((one) => ({
      label: one.label,
      info: one.detail || undefined,
      apply: (view: EditorView, _: unknown, from: number, to: number) => {
        view.dispatch({ changes: { from, to, insert: one.apply }, selection: { anchor: from + one.apply.length } });
        if (one.apply.endsWith(": ")) startCompletion(view);
      },
    })),
  };
}
