# cmake -D OUTPUT=page_parts.cpp -D PAGE=folder -D "SCRIPTS=a.js|b.js" -D "LIBRARIES=x.js|y.js" -P embed.cmake
#
# Writes the page's files as C++ texts. Modules become one: imports between them go, `export` too, so their order must be
# that of their dependencies. This spares a bundler.

set(content "// Made by embed.cmake.\n#include \"explore/report/page_parts.hpp\"\n\nnamespace partita::explore::report::page_parts {\n// NOLINTBEGIN(readability-function-size): they are as long as their texts\n")

function(add_text name text)
  set(content "${content}\nstd::string_view ${name}() {\n    return R\"embedded(${text})embedded\";\n}\n" PARENT_SCOPE)
endfunction()

file(READ ${PAGE}/page.html text)
add_text(page "${text}")
file(READ ${PAGE}/page.css text)
add_text(style "${text}")

set(all "")
string(REPLACE "|" ";" LIBRARIES "${LIBRARIES}")
foreach(library IN LISTS LIBRARIES)
  file(READ ${library} text)
  string(APPEND all "${text}\n")
endforeach()
add_text(libraries "${all}")

set(all "")
string(REPLACE "|" ";" SCRIPTS "${SCRIPTS}")
foreach(script IN LISTS SCRIPTS)
  file(READ ${script} text)
  string(REGEX REPLACE "(^|\n)import [^\n]*" "\\1" text "${text}")
  string(REGEX REPLACE "(^|\n)export " "\\1" text "${text}")
  string(APPEND all "${text}\n")
endforeach()
add_text(script "${all}")

file(WRITE ${OUTPUT} "${content}\n// NOLINTEND(readability-function-size)\n}  // namespace partita::explore::report::page_parts\n")
