/** Which of very many lines are to be seen. Browsers cut elements at some 16 to 33 million pixels, so above HEIGHT_MOST a
 * pixel of the scroll bar stands for more than one of the text. */

export const HEIGHT_MOST = 10_000_000;

export interface Window {
  /** The first line that is drawn, and the one behind the last. */
  first: number;
  last: number;
  /** Pixels from the top of the scrolled element at which the first line is drawn. */
  top: number;
}

export interface Measures {
  count: number;
  lineHeight: number;
  viewport: number;
  over?: number;
}

export function heightOf({ count, lineHeight }: Measures): number {
  return Math.min(HEIGHT_MOST, count * lineHeight);
}

/** The line at the top of the view when it is scrolled to SCROLL_TOP, with its fraction. */
export function lineAt(scrollTop: number, measures: Measures): number {
  const { count, lineHeight, viewport } = measures;
  const whole = count * lineHeight;
  if (whole <= HEIGHT_MOST) return scrollTop / lineHeight;
  const share = Math.min(1, Math.max(0, scrollTop / (HEIGHT_MOST - viewport)));
  return (share * (whole - viewport)) / lineHeight;
}

/** Where to scroll to have LINE at the top of the view; the inverse of `lineAt`. */
export function scrollFor(line: number, measures: Measures): number {
  const { count, lineHeight, viewport } = measures;
  const whole = count * lineHeight;
  if (whole <= HEIGHT_MOST) return Math.max(0, Math.min(line * lineHeight, whole - viewport));
  const share = Math.min(1, (line * lineHeight) / (whole - viewport));
  return share * (HEIGHT_MOST - viewport);
}

export function windowAt(scrollTop: number, measures: Measures): Window {
  const { count, lineHeight, viewport, over = 20 } = measures;
  const at = lineAt(scrollTop, measures);
  const first = Math.max(0, Math.floor(at) - over);
  const last = Math.min(count, Math.ceil(at + viewport / lineHeight) + over);
  return { first, last, top: scrollTop - (at - first) * lineHeight };
}
