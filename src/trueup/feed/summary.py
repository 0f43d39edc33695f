"""Summary: the standings in the form of Statuspage's API, for programs that watch such pages."""

import json
from collections import Counter
from datetime import date
from typing import Literal

from trueup.evidence import Assessment
from trueup.feed.publication import Publication
from trueup.model import Standing

SUMMARY = "summary.json"
ComponentStatus = Literal["operational", "degraded_performance", "major_outage"]


def component_status(site: Publication, assessment: Assessment) -> ComponentStatus | None:
    """Return the status of an endpoint as a component; None for one that nobody has tested.

    Only one that is recommended by fresh evidence is operational; old evidence excuses no failure.
    """
    if assessment.standing is Standing.UNVERIFIED:
        return None
    if assessment.standing is Standing.NOT_RECOMMENDED:
        return "major_outage"
    is_best = assessment.standing is Standing.RECOMMENDED and site.is_fresh(assessment)
    return "operational" if is_best else "degraded_performance"


def render_summary(site: Publication) -> str:
    """Return the page, its components and their overall status as JSON."""
    states = {name: component_status(site, one) for name, one in site.assessments.items()}
    counts = Counter(states.values())
    components = [
        {
            "id": name,
            "name": name,
            "status": state,
            "description": site.claim(name),
            "created_at": _time(_since(site.assessments[name], site.today)),
            "updated_at": _time(_day(site.assessments[name], site.today)),
            "position": position,
            "page_id": site.id,
            "group_id": None,
            "group": False,
            "showcase": False,
            "only_show_if_degraded": False,
        }
        for position, (name, state) in enumerate(states.items(), 1)
        if state is not None
    ]
    page = {"id": site.id, "name": site.title, "url": site.address, "time_zone": "Etc/UTC"}
    mark = "REHEARSAL. " if site.is_rehearsal else ""
    summary = {
        "page": page | {"updated_at": _time(site.today)},
        "components": components,
        "incidents": [],
        "scheduled_maintenances": [],
        "status": {"indicator": _indicator(counts), "description": mark + _description(counts)},
        "unverified": counts[None],
    }
    return json.dumps(summary, indent=2, ensure_ascii=False) + "\n"


def _indicator(counts: Counter[ComponentStatus | None]) -> str:
    """Return the overall indicator: `none`, all being well, only where something is operational."""
    good, failing = counts["operational"], counts["major_outage"]
    if failing:
        return "major" if good or counts["degraded_performance"] else "critical"
    return "none" if good and not counts["degraded_performance"] else "minor"


def _description(counts: Counter[ComponentStatus | None]) -> str:
    parts = {
        "recommended by fresh evidence": counts["operational"],
        "for controlled testing or stale": counts["degraded_performance"],
        "not recommended": counts["major_outage"],
        "unverified": counts[None],
    }
    return f"Endpoints: {', '.join(f'{count} {words}' for words, count in parts.items())}"


def _day(assessment: Assessment, today: date) -> date:
    hold = assessment.hold.on if assessment.hold else today
    return assessment.seen_on or hold


def _since(assessment: Assessment, today: date) -> date:
    return min([_day(assessment, today), *(seen.row.day for seen in assessment.rows)])


def _time(day: date) -> str:
    return f"{day}T00:00:00.000Z"
