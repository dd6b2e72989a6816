"""`manage.py rules ACTION SITE [RULE]`: see the rules of a site, put them in force, see what lists would be."""

from argparse import ArgumentParser, _SubParsersAction
from typing import Any

import msgspec

from apps.recommend import api
from apps.recommend.contracts.rules import DryRun, DryRunCase, DryRunInput, RuleInfo
from specrec.kernel import clock, commands, wire

BY = "command line"


class Command(commands.Command):
    help = "List the merchandising rules of a site, look at one, publish or archive it, and compare lists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name what to do, and with which rule."""
        actions = parser.add_subparsers(dest="action", required=True)
        _action(actions, "list", "every rule with its state, whether it holds now, and what makes it do nothing")
        for name, words in (
            ("show", "one rule and who did what to it, as JSON"),
            ("publish", "put the draft of a rule in force"),
            ("archive", "take a rule out of force and keep it"),
        ):
            _action(actions, name, words).add_argument("rule", help="its key, as `rules list` shows it")
        dry = _action(actions, "dry-run", "lists as they are beside lists as they would be with drafts published")
        dry.add_argument("rules", nargs="*", help="whose drafts are tried; none named means all that there are")
        dry.add_argument("--placement", action="append", default=[], help="only this placement; may be repeated")
        dry.add_argument("--item", action="append", default=[], help="lists about this item; may be repeated")
        dry.add_argument("--store", action="append", default=[], help="lists in this store, too; may be repeated")
        dry.add_argument("--at", help="the time that is tried, as 2026-03-29T09:00:00Z; now where it is left out")

    def handle(self, *_: Any, action: str, site: str, **options: Any) -> None:
        """Do it."""
        now = clock.now()
        if action == "list":
            for info in api.list_rules(site_id=site, now=now):
                self._tell(info)
        elif action == "dry-run":
            asked = {"rules": options["rules"], "placements": options["placement"], "item_ids": options["item"]}
            more = {"store_ids": options["store"], "at": options["at"]}
            self._compare(api.dry_run_rules(site_id=site, asked=wire.convert(asked | more, DryRunInput), now=now))
        elif action == "show":
            self._show(site, options["rule"])
        else:
            step = api.publish_rule if action == "publish" else api.archive_rule
            number = api.show_rule(site_id=site, rule=options["rule"], now=now).number
            self._tell(step(site_id=site, rule=options["rule"], number=number, by=BY, now=now))

    def _show(self, site: str, rule: str) -> None:
        found = {
            "rule": api.show_rule(site_id=site, rule=rule, now=clock.now()),
            "revisions": api.list_rule_revisions(site_id=site, rule=rule),
        }
        self.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())

    def _tell(self, info: RuleInfo) -> None:
        written = info.written
        state = f"{info.state}+draft" if info.draft is not None else info.state
        holds = "in force" if info.in_force else "-"
        until = "" if info.next_change is None else f" until {info.next_change:%Y-%m-%d %H:%M} UTC"
        self.stdout.write(f"{written.rule:30} {written.kind:14} {written.priority:5} {state:16} {holds}{until}")
        for warning in info.warnings:
            self.stdout.write(f"{'':30} ! {warning}")

    def _compare(self, found: DryRun) -> None:
        changed = [case for case in found.cases if case.changes]
        tried = ", ".join(found.rules) or "no drafts"
        self.stdout.write(
            f"{len(changed)} of {len(found.cases)} lists would change at {found.at:%Y-%m-%d %H:%M %Z}: {tried}"
        )
        for case in found.cases:
            if case.changes or case.emptied or case.unshown:
                self._tell_case(case)

    def _tell_case(self, case: DryRunCase) -> None:
        about = f" about {', '.join(case.item_ids)}" if case.item_ids else ""
        place = f" in {case.store_id}" if case.store_id else ""
        self.stdout.write(f"{case.placement}{about}{place}")
        self.stdout.write(f"  now   {', '.join(case.before) or 'nothing'}")
        self.stdout.write(f"  then  {', '.join(case.after) or 'nothing'}")
        for words, rules in (("left empty by", case.emptied), ("not shown, pinned by", case.unshown)):
            if rules:
                self.stdout.write(f"  ! {words} {', '.join(rules)}")


def _action(actions: "_SubParsersAction[ArgumentParser]", name: str, words: str) -> ArgumentParser:
    parser = actions.add_parser(name, help=words)
    parser.add_argument("site", help="the site's slug")
    return parser
