/** A switch that is one element: a list of thousands of rows has one in each. */
import classes from "./Toggle.module.css";

interface Props {
  label: string;
  title?: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}

export function Toggle({ label, title, on, disabled, onChange }: Props) {
  return (
    <input
      type="checkbox"
      role="switch"
      className={classes.toggle}
      aria-label={label}
      title={title}
      checked={on}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
