"""From runs to what people and services read.  Pure: nothing here opens anything."""
