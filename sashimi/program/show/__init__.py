"""A program as a picture: HTML, SVG, and what notebooks show."""

from sashimi.program.show.page import fragment, page, svg

__all__ = ["fragment", "page", "svg"]
