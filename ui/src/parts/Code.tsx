/** Source text with line numbers, colours, and what was found on its lines. */
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, defaultHighlightStyle, foldGutter, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { oneDarkHighlightStyle } from "@codemirror/theme-one-dark";
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Diagnostic } from "@/api/types";

export const LOOK = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", backgroundColor: "transparent" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--soft)", color: "var(--faint-text)", borderRight: "1px solid var(--line)" },
  ".cm-content": { caretColor: "var(--mantine-color-text)" },
  ".cm-panels": { backgroundColor: "var(--soft)", color: "var(--mantine-color-text)" },
  ".cm-tooltip": { backgroundColor: "var(--page)", color: "var(--mantine-color-text)", border: "1px solid var(--line)" },
  ".cm-diagnostic": { fontFamily: "var(--mantine-font-family)", fontSize: "12.5px" },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-2px" },
});

/** CodeMirror's colours for light ground, but for the one (of f-strings and escapes) that is too pale to read there. */
export const LIGHT = HighlightStyle.define(
  defaultHighlightStyle.specs.map((one) => (one.color === "#e40" ? { ...one, color: "#b3400a" } : one)),
);

interface Props {
  text: string;
  language: "python" | "yaml" | "json" | "text";
  label: string;
  diagnostics?: Diagnostic[];
  line?: number;
}

export function Code({ text, language, label, diagnostics = NOTHING, line }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const dark = useComputedColorScheme("light") === "dark";
  useEffect(() => {
    if (!box.current) return;
    const languages: Extension[] = language === "python" ? [python()] : language === "text" ? [] : [yaml()];
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          foldGutter(),
          lintGutter(),
          highlightSpecialChars(),
          bracketMatching(),
          highlightSelectionMatches(),
          search({ top: true }),
          keymap.of(searchKeymap),
          syntaxHighlighting(dark ? oneDarkHighlightStyle : LIGHT),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label, "aria-readonly": "true" }),
          EditorView.darkTheme.of(dark),
          ...languages,
          LOOK,
        ],
      }),
    });
    view.current = made;
    made.dispatch(setDiagnostics(made.state, diagnostics.flatMap((one) => markOf(made.state, one))));
    if (line && line <= made.state.doc.lines) {
      const place = made.state.doc.line(line);
      made.dispatch({ selection: { anchor: place.from }, effects: EditorView.scrollIntoView(place.from, { y: "center" }) });
    }
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [text, language, label, dark, diagnostics, line]);
  return <div ref={box} style={{ height: "100%", minHeight: 0 }} data-testid="code" />;
}
const NOTHING: Diagnostic[] = [];

/** Where a diagnostic stands in the text: nothing where it has no line, or one that the text has not. */
export function markOf(state: EditorState, found: Diagnostic): Mark[] {
  if (found.line < 1 || found.line > state.doc.lines) return [];
  const first = state.doc.line(found.line);
  const last = state.doc.line(Math.min(state.doc.lines, Math.max(found.end_line, found.line)));
  const from = Math.min(first.to, first.from + Math.max(0, found.column - 1));
  const to = found.end_line ? Math.min(last.to, last.from + Math.max(0, found.end_column - 1)) : first.to;
  const severity = found.severity === "error" ? "error" : found.severity === "warning" ? "warning" : "info";
  return [
    {
      from,
      to: Math.max(from, to),
      severity,
      source: found.code,
      message: found.hint ? `${found.message}\n${found.hint}` : found.message,
    },
  ];
}
