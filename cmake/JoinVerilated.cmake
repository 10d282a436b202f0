# One source file that includes all that Verilator has made for class NAME in DIRECTORY, so that its name is known before.
file(GLOB parts RELATIVE ${DIRECTORY} ${DIRECTORY}/${NAME}*.cpp)
list(REMOVE_ITEM parts ${NAME}__all.cpp)
list(TRANSFORM parts REPLACE "(.+)" "#include \"\\1\"\n")
list(JOIN parts "" text)
file(WRITE ${DIRECTORY}/${NAME}__all.cpp "${text}")
