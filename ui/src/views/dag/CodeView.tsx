/** The DAG's file as one version has it, with what the reader found on its lines. */
import { Badge, Group, NativeSelect, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import * as api from "@/api/calls";
import { Code } from "@/parts/Code";
import { Diagnostics } from "@/parts/Diagnostics";
import { Loaded } from "@/parts/Says";
import { useDag } from "./DagPage";
import classes from "./CodeView.module.css";

const route = getRouteApi("/dags/$dagId/code");

export default function CodeView() {
  const { dagId } = route.useParams();
  const { version, line } = route.useSearch();
  const navigate = route.useNavigate();
  const dag = useDag(dagId).data;
  const source = useQuery({
    queryKey: ["source", dagId, version ?? dag?.version ?? 0],
    queryFn: ({ signal }) => api.source(dagId, version, { signal }),
  });
  const newest = version === undefined || version === dag?.version;
  const found = newest ? (dag?.diagnostics ?? NOTHING) : NOTHING;
  return (
    <div className={classes.view}>
      <Group gap="sm" px="md" py={6} className={classes.bar}>
        <NativeSelect
          aria-label="Version"
          value={String(version ?? dag?.version ?? "")}
          onChange={(event) => void navigate({ search: { version: Number(event.currentTarget.value) }, replace: true })}
          data={Array.from({ length: dag?.version ?? 0 }, (_, at) => {
            const number = (dag?.version ?? 0) - at;
            return { value: String(number), label: at === 0 ? `version ${number} (newest)` : `version ${number}` };
          })}
        />
        <Text size="xs" className="mono faint">
          {dag?.file_path}
        </Text>
        {found.length ? (
          <Badge color={found.some((one) => one.severity === "error") ? "red" : "gray"}>{found.length} found</Badge>
        ) : (
          <Text size="xs" className="faint">
            {newest ? "nothing to remark" : ""}
          </Text>
        )}
      </Group>
      <div className={classes.body}>
        <div className={classes.code}>
          <Loaded query={source}>
            {(data) => (
              <Code
                text={data.source}
                language={dag?.file_format === "yaml" ? "yaml" : "python"}
                label={`Source of ${dagId}`}
                diagnostics={found}
                line={line}
              />
            )}
          </Loaded>
        </div>
        {found.length ? (
          <aside className={classes.found} aria-label="What was found" tabIndex={0}>
            <Diagnostics
              found={found}
              place={(one) =>
                one.line ? (
                  <Link
                    to="/dags/$dagId/code"
                    params={{ dagId }}
                    search={{ version, line: one.line }}
                    className={classes.place}
                  >
                    line {one.line}
                  </Link>
                ) : null
              }
            />
          </aside>
        ) : null}
      </div>
    </div>
  );
}
const NOTHING: never[] = [];
