"""Tables for the terminal, and for docs/performance.md between its markers."""
import json
import re


def plain(table):
    widths = [max(len(str(row[i])) for row in [table.header, *table.rows])
              for i in range(len(table.header))]
    lines = [f"\n{table.title}"]
    for row in [table.header, *table.rows]:
        first, *rest = [str(cell) for cell in row]
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:])]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)


def markdown(table):
    lines = ["| " + " | ".join(table.header) + " |",
             "|---" + "|---:" * (len(table.header) - 1) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.rows]
    return "\n".join(lines)


def _replace_between(text, key, content):
    pattern = re.compile(rf"(<!-- bench:{key} -->\n).*?(<!-- /bench:{key} -->)", re.DOTALL)
    if not pattern.search(text):
        raise KeyError(key)
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def write_document(path, tables, host):
    """Replaces only the text between the markers."""
    text = path.read_text()
    for table in tables:
        text = _replace_between(text, table.key, markdown(table))
    where = (f"{host['time']}, {host['cpus']} cores ({host['processor']}), Linux {host['kernel']}, "
             f"load average {host['load_average']} before the run")
    path.write_text(_replace_between(text, "host", where))


def write_raw(path, tables, host):
    path.write_text(json.dumps({"host": host, "tables": {t.key: t.raw for t in tables}}, indent=1))
