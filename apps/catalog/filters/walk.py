"""Going through what a filter is made of."""

from collections.abc import Iterator

from apps.catalog.filters.tree import All, AnyOf, Between, Compare, Condition, Has, Not, OneOf, Value


def parts_of(root: Condition | None) -> list[Condition]:
    """Return the condition and all below it, from the top."""
    found = [] if root is None else [root]
    for part in found:
        if isinstance(part, All | AnyOf):
            found += part.parts
        elif isinstance(part, Not):
            found.append(part.part)
    return found


def values_of(part: Condition) -> tuple[Value, ...]:
    """Return what the condition itself compares with."""
    match part:
        case Compare(_, _, value):
            return (value,)
        case Between(_, low, high):
            return (low, high)
        case OneOf(_, values) | Has(_, values):
            return values
        case _:
            return ()


def fields_of(root: Condition | None) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """Yield each field that is asked for, by its full name, with what it is compared with."""
    for part in parts_of(root):
        field = getattr(part, "field", None)
        if field is not None:
            yield field, values_of(part)
