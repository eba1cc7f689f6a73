"""``task_state_store`` of a context: what a task remembers. It lasts as long as the task's process does."""

from airflow._goflow.world import World


class StateStore:
    """Values by key."""

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return World.state_store.get(key, default)

    def set(self, key, value, *, retention=None):
        """Keep VALUE. Raises ValueError for None."""
        if value is None:
            raise ValueError("Cannot set value as None")
        World.state_store[key] = value

    def delete(self, key):
        """Forget one."""
        World.state_store.pop(key, None)

    def clear(self):
        """Forget all."""
        World.state_store.clear()
