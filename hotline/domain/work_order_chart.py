"""The chart of a work order's life, drawn from the table: ``python -m hotline.domain.work_order_chart`` prints it."""

from __future__ import annotations

from hotline.domain.life_cycle import TRANSITIONS, Status


def chart() -> str:
    """Return ``TRANSITIONS`` as a Mermaid state diagram; states that nothing leaves end it."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.REGISTERED.value}"]
    lines += [
        f"    {before.value} --> {after.value}: {step.value}" for (before, step), after in TRANSITIONS.items()
    ]
    left = {before for before, _ in TRANSITIONS}
    lines += [f"    {status.value} --> [*]" for status in Status if status not in left]
    return "\n".join(lines)


if __name__ == "__main__":
    print(chart())
