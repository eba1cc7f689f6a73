import { useEffect, useRef, type RefObject } from "react";

/** Have what is current in a row of tabs in view, where the row is longer than its room. */
export function useInView<T extends HTMLElement>(current: string): RefObject<T | null> {
  const box = useRef<T>(null);
  useEffect(() => {
    const row = box.current;
    if (!row) return;
    const show = () => {
      const tab = row.querySelector<HTMLElement>('[aria-current="page"]');
      if (!tab || row.scrollWidth <= row.clientWidth) return;
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    };
    show();
    const resize = new ResizeObserver(show);
    resize.observe(row);
    return () => resize.disconnect();
  }, [current]);
  return box;
}
