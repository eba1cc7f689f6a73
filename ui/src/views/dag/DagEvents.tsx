import { getRouteApi } from "@tanstack/react-router";
import { EventList } from "@/parts/EventList";

const route = getRouteApi("/dags/$dagId/events");

/** What has happened to this DAG, its runs and tasks. */
export default function DagEvents() {
  const { dagId } = route.useParams();
  const { show } = route.useSearch();
  const navigate = route.useNavigate();
  return <EventList dagId={dagId} show={show} onShow={(to) => void navigate({ search: { show: to }, replace: true })} />;
}
