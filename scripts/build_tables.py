"""Write the tables of ``grammar.lark``: run it when the grammar, or the version of Lark, changes.

python scripts/build_tables.py
"""

import json
from pathlib import Path

from sashimi.files import write_text
from sashimi.program.text import grammar

if __name__ == "__main__":
    tables = json.dumps(grammar.tables(), sort_keys=True, separators=(",", ":"))
    write_text(Path(grammar.__file__).with_name(grammar.TABLES), tables + "\n")
