from xml.etree import ElementTree

from pipelines.training.charts import Chart, Line

CHART = Chart(
    title="Sure & right <2>",
    description="It rises from 0.1 to 0.9.",
    x_name="confidence",
    y_name="share",
    x_range=(0.0, 1.0),
    y_range=(0.0, 1.0),
    lines=[
        Line("measured", [(0.1, 0.2), (0.9, 0.8)], marks=True, ranges=[(0.1, 0.3), (0.7, 0.9)]),
        Line("ideal", [(0, 0), (1, 1)]),
    ],
)
SVG = "{http://www.w3.org/2000/svg}"


def test_a_chart_is_well_formed_and_tells_its_title_and_content():
    root = ElementTree.fromstring(CHART.to_svg())
    assert root.get("role") == "img"
    told = {element.get("id"): element.text for element in root if element.get("id")}
    assert [told[name] for name in root.get("aria-labelledby").split()] == [
        CHART.title,
        CHART.description,
    ]
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert {"measured", "ideal", "confidence", "share", "0.00", "1.00"} <= words


def test_points_stand_where_their_numbers_are():
    root = ElementTree.fromstring(CHART.to_svg())
    first, second = root.iter(f"{SVG}circle")
    # 0.1 and 0.9 of the way across; a greater value is higher up.
    assert float(first.get("cx")) == 64 + 0.1 * 400
    assert float(second.get("cx")) == 64 + 0.9 * 400
    assert float(second.get("cy")) < float(first.get("cy"))


def test_the_same_numbers_give_the_same_bytes():
    assert CHART.to_svg() == CHART.to_svg()
    assert CHART.to_svg().endswith("</svg>\n")
