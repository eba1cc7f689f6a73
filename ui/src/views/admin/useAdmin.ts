import { useNavigate, useSearch } from "@tanstack/react-router";

export interface AdminSearch {
  q?: string;
  show?: string;
  id?: string;
}

/** What the views of one list each keep in their address. */
export function useAdmin(): { search: AdminSearch; set: (changes: AdminSearch) => void } {
  const search = useSearch({ strict: false }) as AdminSearch;
  const navigate = useNavigate();
  const set = (changes: AdminSearch) =>
    void navigate({ to: ".", search: ((before: AdminSearch) => ({ ...before, ...changes })) as never, replace: true });
  return { search, set };
}

const NEW = "new";

/** Which thing of a list is being changed, or that a new one is made: the address keeps it, so that it can be linked to. */
export function useEdited(): { id?: string; isNew: boolean; edit: (id: string) => void; add: () => void; close: () => void } {
  const { search, set } = useAdmin();
  return {
    id: search.id,
    isNew: search.show === NEW,
    edit: (id) => set({ id, show: undefined }),
    add: () => set({ id: undefined, show: NEW }),
    close: () => set({ id: undefined, show: undefined }),
  };
}
