"""InfluxDB line protocol: text lines straight into columns of samples.

Names are those that Telegraf users of VictoriaMetrics have: a field becomes the metric `measurement_field`, tags become
labels, nothing is rewritten. Integers and booleans are numbers, texts are left out and counted. A line that cannot be
read costs itself, as with InfluxDB: the others are taken and the answer says which one it was.
"""

from hannun.wire.influx.columns import InfluxColumns
from hannun.wire.influx.decode import LineDecoder
from hannun.wire.influx.line import BadLine, Field, Point, parse
from hannun.wire.influx.precision import PRECISIONS, precision

__all__ = ["PRECISIONS", "BadLine", "Field", "InfluxColumns", "LineDecoder", "Point", "parse", "precision"]
