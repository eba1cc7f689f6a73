/** What the DAG is: its own fields, its tasks, and its text. */
import { Stack, Table, Title } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { DagDetails } from "@/api/types";
import { Facts, Value } from "@/parts/Facts";
import { At } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";
import { useDag, useTasks } from "./DagPage";
import classes from "./Versions.module.css";

const route = getRouteApi("/dags/$dagId/details");
const ABOVE = ["dag_id", "owners", "tags", "schedule", "dialect", "max_active_runs", "max_active_tasks", "description"];
const NOT_HERE = new Set([...ABOVE, "native", "params", "param_schemas", "doc", "line", "column"]);
const MOST_TASKS = 500;

export default function Details() {
  const { dagId } = route.useParams();
  const query = useDag(dagId);
  return (
    <div className={classes.view} tabIndex={0} role="region" aria-label="Details">
      <Loaded query={query}>{(dag) => <All dag={dag} />}</Loaded>
    </div>
  );
}

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A moment of the DAG's own, which may be symbolic, or any other value. */
function Said({ value }: { value: unknown }) {
  const at = typeof value === "object" && value !== null && "at" in value ? value.at : null;
  return typeof at === "string" ? <At at={at} /> : <span className="mono">{plain(value)}</span>;
}

function All({ dag }: { dag: DagDetails }) {
  const { spec } = dag;
  const tasks = useTasks(dag).data;
  const others = Object.entries(spec).filter(([name]) => !NOT_HERE.has(name));
  return (
    <Stack gap="lg" pt="xs">
      <Facts
        facts={[
          ["Id", <span className="mono">{dag.dag_id}</span>],
          ["File", <span className="mono">{dag.file_path}</span>],
          ["Kept in", dag.kept_in === "database" ? "the database" : "the DAG folder"],
          ["Version", dag.version],
          ["Dialect", dag.dialect],
          ["Owners", dag.owners.join(", ")],
          ["Tags", dag.tags.join(", ")],
          ["Schedule", dag.schedule],
          ["Next run", dag.next_run_after ? <At at={dag.next_run_after} /> : "none is planned"],
          ["Active runs", `at most ${dag.max_active_runs}`],
          ["Active tasks", `at most ${dag.max_active_tasks}`],
          ["Last recorded", <At at={dag.last_updated_date} />],
          ["Description", dag.description],
        ]}
      />
      {spec.doc ? (
        <section>
          <Title order={2} mb={6}>
            Documentation
          </Title>
          <Value value={spec.doc} label="Documentation" />
        </section>
      ) : null}
      {spec.params && Object.keys(spec.params).length ? (
        <section>
          <Title order={2} mb={6}>
            Params
          </Title>
          <Value value={spec.params} label="Params" />
        </section>
      ) : null}
      <section>
        <Title order={2} mb={6}>
          {dag.task_count} tasks
        </Title>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Task</Table.Th>
              <Table.Th>Operator</Table.Th>
              <Table.Th>After</Table.Th>
              <Table.Th>Trigger rule</Table.Th>
              <Table.Th>Retries</Table.Th>
              <Table.Th>Line</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(tasks?.task_id ?? []).slice(0, MOST_TASKS).map((id, at) => (
              <Table.Tr key={id}>
                <Table.Td className="mono">{id}</Table.Td>
                <Table.Td>{tasks?.operator[at]}</Table.Td>
                <Table.Td>{tasks?.upstream[at]?.join(", ")}</Table.Td>
                <Table.Td>{plain(tasks?.trigger_rule[at])}</Table.Td>
                <Table.Td className="number">{plain(tasks?.retries[at])}</Table.Td>
                <Table.Td>
                  {tasks?.line[at] ? (
                    <Link to="/dags/$dagId/code" params={{ dagId: dag.dag_id }} search={{ line: tasks.line[at] }}>
                      {tasks.line[at]}
                    </Link>
                  ) : null}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      {others.length ? (
        <section>
          <Title order={2} mb={6}>
            All else that it says
          </Title>
          <Facts facts={others.map(([name, value]) => [name.replaceAll("_", " "), <Said value={value} />])} />
        </section>
      ) : null}
    </Stack>
  );
}
