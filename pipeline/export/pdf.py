"""The report of a day as a PDF to send or to file: each finding, its picture and its tables, on A4.

What the report says is `pipeline/report/`; nothing is added here. The layout is `report/page/print.html`.
"""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.export.tables import Extract
from pipeline.report import find_sections, words
from pipeline.report.base import drawn_sections, published
from pipeline.report.content import Chart
from pipeline.report.data import ReportData
from pipeline.report.pictures import full_spec
from pipeline.report.templates import fill


def write_pdf(chosen: Extract, path: Path, produced_at: datetime) -> None:
    """The report of the last day that was chosen; the same published tables give the same bytes.

    Raises UsageError where weasyprint, or a library of the system that it needs, is not installed.
    """
    try:
        import weasyprint  # noqa: PLC0415 an extra
    except (ImportError, OSError) as problem:
        message = (
            f"--format pdf cannot load weasyprint ({problem}): pip install 'margin-debt[pdf]', or use html"
        )
        raise UsageError(message) from problem
    with published(chosen.connection, chosen.last_day, produced_at, chosen.about) as data:
        text = printed(data)
    # the page names nothing outside itself; a fetcher without protocols keeps it so
    fetcher = weasyprint.URLFetcher(allowed_protocols={"data"})
    document = weasyprint.HTML(string=text, url_fetcher=fetcher)
    document.write_pdf(path, pdf_identifier=data.day.isoformat().encode())


def printed(data: ReportData) -> str:
    """The HTML that becomes the PDF, every chart a picture inside it."""
    drawn = drawn_sections(data, find_sections())
    charts = [block for _, content in drawn for block in content.blocks if isinstance(block, Chart)]
    return fill(
        "print.html",
        data=data,
        drawn=drawn,
        pictures={chart.key: _picture(chart, data) for chart in charts if chart.spec},
        day_text=words.long_day(data.day),
        as_of=words.utc(data.end),
        produced_at=words.utc(data.produced_at),
    )


def _picture(chart: Chart, data: ReportData) -> str:
    import vl_convert  # noqa: PLC0415 starts a JavaScript engine

    svg: str = vl_convert.vegalite_to_svg(full_spec(chart, data))
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
