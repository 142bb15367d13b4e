"""Tells schemathesis how lines of JSON go over the wire: as the text that they are."""

import schemathesis

schemathesis.serializer.alias("application/x-ndjson", "text/plain")
