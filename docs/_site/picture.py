"""`make picture`: draws the README's example, docs/assets/example.png, from the home that `make demo` left.

The market is a made one and the picture says so. What is drawn is read from the published tables.
"""

from __future__ import annotations

import sys
from pathlib import Path

import altair as alt
import pandas as pd

from pipeline.warehouse import open_published

TARGET = Path(__file__).resolve().parents[1] / "assets" / "example.png"
COLOURS = {
    "unknown": "#d9d9d9",
    "calm": "#9ecae1",
    "elevated": "#fdd49e",
    "high": "#fc8d59",
    "critical": "#b30000",
}
WIDTH = 760


def draw(published: Path) -> alt.VConcatChart:
    """Debt between its bounds, and below it the level as it was known on each day."""
    connection = open_published(published)
    try:
        debt = connection.execute(
            "select day::timestamp as day, sum(low_usd) / 1e9 as low, sum(high_usd) / 1e9 as high"
            " from margin_debt_daily group by all order by day"
        ).df()
        levels = connection.execute(
            "select as_of::date::timestamp as day, level from risk_level_daily order by as_of"
        ).df()
    finally:
        connection.close()
    spell = (levels["level"] != levels["level"].shift()).cumsum()
    spells = levels.groupby(spell).agg(day=("day", "first"), end=("day", "last"), level=("level", "first"))
    spells["end"] += pd.Timedelta(days=1)
    crash = debt["day"][debt["high"].diff().idxmin()]
    warned = levels["day"][levels["level"] == "critical"].min()
    time = alt.X("day:T", title=None, axis=alt.Axis(format="%Y-%m", grid=False, labelSeparation=12))
    high = alt.Y("high:Q", title="bn USD")
    bounds = (
        alt.Chart(debt).mark_area(color="#c6dbef").encode(time, high, alt.Y2("low:Q"))
        + alt.Chart(debt).mark_line(color="#3182bd", strokeWidth=1.5).encode(time, high)
        + alt.Chart(debt).mark_line(color="#3182bd", strokeWidth=1.5).encode(time, alt.Y("low:Q"))
    ).properties(width=WIDTH, height=200)
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    legend = alt.Legend(orient="bottom", title=None)
    strip = (
        alt.Chart(spells)
        .mark_rect()
        .encode(
            alt.X("day:T", title=None, axis=None),
            alt.X2("end:T"),
            alt.Color("level:N", scale=scale, legend=legend),
        )
        .properties(
            width=WIDTH,
            height=20,
            title=alt.TitleParams("Level, as known on the day", anchor="start", fontSize=11),
        )
    )
    title = alt.TitleParams(
        f"The level turned critical on {warned:%Y-%m-%d}, {(crash - warned).days} days before the fall",
        subtitle="Margin debt between its bounds. A made market (seed 7): no number in it was recorded.",
        anchor="start",
    )
    return alt.vconcat(bounds, strip, title=title).resolve_scale(x="shared")


def main() -> None:
    """Draw from the file named first on the command line."""
    TARGET.parent.mkdir(exist_ok=True)
    draw(Path(sys.argv[1])).save(TARGET, scale_factor=1.5)
    sys.stdout.write(f"{TARGET} ({TARGET.stat().st_size / 1000:.0f} kB)\n")


if __name__ == "__main__":
    main()
