"""`lstmcli gradients` as charts."""

from lstmcli.charts import Line, line_chart
from lstmcli.inspection.gradients import FileGradients
from lstmcli.reports.gradients.table import sentences


def texts_chart(found: FileGradients) -> str:
    """Return the gradients that carry over many steps, dL/dS or, in the plain network, dL/dh, by distance."""
    lines = []
    for each in found.networks:
        signal = "dL/dh" if each.memory is None else "dL/dS"
        points = [(float(distance), value.median) for distance, value in enumerate(each.path.by_distance)]
        lines.append(Line(f"{each.name} ({signal})", points))
    return line_chart(
        f"Gradients on their way back through time: {found.name}",
        lines,
        x_label="distance from the end of the text, in words",
        y_label="norm of the gradient, median of the texts, logarithmic",
        description=" ".join(sentences(found)),
        y_scale="log",
    )


def report_figure(found: FileGradients) -> str:
    """Return a small chart for a report on a training: the trained network beside the plain one."""
    kept = [each for each in found.networks if each.is_trained or each.cell == "rnn"][:2]
    lines = [
        Line(each.name, [(float(distance), value.median) for distance, value in enumerate(each.path.by_distance)])
        for each in kept
    ]
    return line_chart(
        "Gradient by distance",
        lines,
        x_label="words before the end",
        y_label="norm (logarithmic)",
        description=" ".join(sentences(found)),
        y_scale="log",
    )
