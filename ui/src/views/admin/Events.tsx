import { EventList } from "@/parts/EventList";
import { Page } from "@/parts/Page";
import { useAdmin } from "./useAdmin";

/** Everything that has happened, with who and when. */
export default function Events() {
  const { search, set } = useAdmin();
  return (
    <Page title="Events" scrolls={false}>
      <EventList show={search.show} onShow={(show) => set({ show })} />
    </Page>
  );
}
