"""``python -m overview``: brings the picture and the costs in docs/ and the README up to date."""

from __future__ import annotations

from overview.documentation import documents

if __name__ == "__main__":
    for path, content in documents().items():
        path.write_text(content)
