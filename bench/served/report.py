"""The figures as a table for people."""

from typing import Any

_TARGETS = ("raw_rsgi", "empty_view", "rest", "graphql")


def show(figures: dict[str, Any]) -> None:
    """Print what was measured, with the aims beside."""
    threads = "unknown" if figures["web_threads"] is None else figures["web_threads"]
    print(
        f"\n{figures['items']:,} items, {figures['slate']} in an answer, load by {figures['generator']}, "
        f"threads of a web worker: {threads}"
    )
    stopped = "nothing, the server is not ours" if figures["stopped"] is None else ", ".join(figures["stopped"])
    print(f"stopped while it was measured: {stopped}\n")
    print(f"{'':12} {'conc.':>5} {'req/s':>9} {'p50 ms':>8} {'p90 ms':>8} {'p99 ms':>8} {'generator CPU':>14}")
    for name in _TARGETS:
        for count, found in figures.get(name, {}).items():
            spread = " ".join(f"{found[key]:8.2f}" for key in ("p50_ms", "p90_ms", "p99_ms"))
            print(f"{name:12} {count:>5} {found['rps']:9,.0f} {spread} {found['generator_cpu']:13.0%}")
    aims = "REST 0.45, GraphQL 0.13" if figures["is_full"] else "REST 0.2, GraphQL 0.08"
    print(f"\nof the empty view's requests/s at 8: {figures['ratios']} (aims: {aims})")
    for one in figures.get("open_loops", ()):
        _show_open_loop(one)
    _show_growth(figures.get("growth", {}))


def _show_open_loop(one: dict[str, Any]) -> None:
    print(
        f"\nopen loop, {one['rate']:,.0f}/s for {one['seconds']:.0f} s, two workers (aims: p90 7 ms, p99 25 ms): "
        f"p50 {one['p50_ms']} p90 {one['p90_ms']} p99 {one['p99_ms']} max {one['max_ms']} ms, {one['errors']} errors, "
        f"{one['answered_per_s']:,.0f} answered/s"
    )
    print(
        f"what the machine gave: {one['machine_cpu']:.0%} of all cores were busy, the generator took "
        f"{one['generator_cpu']:.0%} of one and was {one['late_p99_ms']} ms late (p99), {one['stolen']:.1%} was stolen"
    )


def _show_growth(growth: dict[str, dict[str, Any]]) -> None:
    for items, found in growth.items():
        built = f", built in {found['build_s']} s" if "build_s" in found else ""
        print(
            f"{int(items):>9,} items: p50 {found['p50_ms']} p99 {found['p99_ms']} ms, "
            f"{found['worker_mb']:,.0f} MB a worker, ready in {found['ready_s']} s{built}"
        )
