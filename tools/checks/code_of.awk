# SPDX-License-Identifier: Apache-2.0
# For the checks: what is left of a line of C++ without its comments and the text of its strings.

# Keeps state from line to line (a comment may span some): call it for every line, in order, and set
# in_comment to 0 at the start of a file. Raw string literals are taken as plain ones.
function code_of(line,    code, c, two, quote) {
  code = ""
  while (length(line) > 0) {
    c = substr(line, 1, 1)
    two = substr(line, 1, 2)
    if (in_comment) {
      if (two == "*/") { in_comment = 0; line = substr(line, 3) } else line = substr(line, 2)
    } else if (quote != "") {
      if (c == "\\") { line = substr(line, 3); continue }
      if (c == quote) { quote = ""; code = code c }
      line = substr(line, 2)
    } else if (two == "//") {
      return code
    } else if (two == "/*") {
      in_comment = 1
      line = substr(line, 3)
    } else {
      # A ' between digits or letters separates (1'000); elsewhere it opens a character.
      if (c == "\"" || (c == "'" && code !~ /[0-9A-Za-z_]$/)) quote = c
      code = code c
      line = substr(line, 2)
    }
  }
  return code
}
