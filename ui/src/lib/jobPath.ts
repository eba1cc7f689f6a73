/** Paths of native DAG files that the database keeps, where the DAG folder may not be written (goflow/store/job_files.py). */
const KEPT = ".goflow-jobs/";

/** Whether the database keeps the file PATH: nobody can change it but through the server. */
export const isKept = (path: string): boolean => path.startsWith(KEPT);

/** PATH as its author has named it. */
export const ownPath = (path: string): string => (isKept(path) ? path.slice(KEPT.length) : path);
