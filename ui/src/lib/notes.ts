/** Short notes in the corner: what was done, and what the server refused. */
import { notifications } from "@mantine/notifications";
import { ApiError } from "@/api/client";

export function done(message: string): void {
  notifications.show({ message, color: "green", autoClose: 4000 });
}

export function failed(problem: unknown): void {
  const title = problem instanceof ApiError ? problem.detail : String(problem);
  const hint = problem instanceof ApiError ? problem.hint : "";
  notifications.show({ title, message: hint, color: "red", autoClose: 12_000 });
}
