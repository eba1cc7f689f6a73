"""What a team's own image has, and no other."""


def doubled(rows: list[int]) -> list[int]:
    return [2 * row for row in rows]
