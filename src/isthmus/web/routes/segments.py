"""Addresses of segments."""

from django.urls import path

from isthmus.web.views import segment_counts, segments

patterns = [
    path("segments", segments.segments, name="segments"),
    path("new-segment", segments.new_segment, name="new-segment"),
    path("segments/<str:segment_key>", segments.segment, name="segment"),
    path("segments/<str:segment_key>/delete", segments.delete_segment, name="delete-segment"),
    path("segment-estimate", segment_counts.estimate, name="segment-estimate"),
    path("segment-count", segment_counts.count, name="segment-count"),
    path("segment-sample", segment_counts.sample, name="segment-sample"),
]
