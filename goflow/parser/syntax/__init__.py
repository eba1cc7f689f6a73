"""From a file's text to its libcst tree, with the place of every node: `read_syntax`.

What belongs here: how the text is parsed, and how places are kept. What does not: what any of it means (interpreter).

Python's own parser reads the text, ten times faster than libcst's, and the libcst tree is built from what it gives: the
same nodes without the white space between them, bodies of functions only when somebody looks into them. What Python's
parser of this version does not take, and the few things whose exact text counts (f-strings, say), libcst reads itself.
"""

from goflow.parser.syntax.reading import Syntax, TooDeepError, read_syntax
from goflow.parser.syntax.statements import LaterBlock
from goflow.parser.syntax.text import trusted_nodes

__all__ = ["LaterBlock", "Syntax", "TooDeepError", "read_syntax", "trusted_nodes"]
