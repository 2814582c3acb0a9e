# A text file as C: cmake -D IN=file -D OUT=file.c -D NAME=symbol [-D HEADER=header.h] -P embed.cmake
# Defines `const char NAME[]` (NUL-terminated) and `const size_t NAME_length` (without the NUL). The
# header, when there is one, declares both; else the text alone is declared here.
if(NOT IN)
    set(IN "${FILE}")
endif()
file(READ "${IN}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
string(REGEX REPLACE "('.x..',)('.x..',)('.x..',)('.x..',)('.x..',)('.x..',)('.x..',)('.x..',)"
       "\\0\n" bytes "${bytes}")
if(HEADER)
    file(WRITE "${OUT}.new" "#include \"${HEADER}\"\n\nconst char ${NAME}[] = {\n${bytes}0\n};\n"
         "const size_t ${NAME}_length = ${length};\n")
else()
    file(WRITE "${OUT}.new"
         "extern const char ${NAME}[];\n\nconst char ${NAME}[] = {\n${bytes}0\n};\n")
endif()
file(RENAME "${OUT}.new" "${OUT}")
