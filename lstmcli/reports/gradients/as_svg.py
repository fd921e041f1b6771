"""`lstmcli gradients` as charts."""

from lstmcli.charts import Line, line_chart
from lstmcli.errors import counted
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
    """Return a small chart for the report on a training: the trained network, a new one, and a new plain one."""
    cells = {found.networks[0].cell, "rnn"}
    lines = [
        Line(each.name, [(float(distance), value.median) for distance, value in enumerate(each.path.by_distance)])
        for each in found.networks
        if each.cell in cells
    ]
    return line_chart(
        "Gradient by distance",
        lines,
        x_label="words before the end",
        y_label="norm (logarithmic)",
        description=" ".join(sentences(found)),
        y_scale="log",
    )


def report_sentences(found: FileGradients) -> list[str]:
    """Say what `report_figure` shows, and what follows from it."""
    signal = "dL/dh" if found.networks[0].memory is None else "dL/dS (rnn: dL/dh)"
    shown = (
        f"The figure shows the norm of {signal}, the gradient of the loss with respect to the state of each word, by "
        f"the distance of the word from the end: medians over {counted(found.num_texts, 'text')} of {found.name}; far "
        "from the end, over the longest of them alone. New networks have the word vectors of the trained one and are "
        "otherwise as before any training. How fast a gradient vanishes or grows is measured in each text by itself."
    )
    return [shown, *sentences(found)]
