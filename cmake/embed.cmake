# A text file as C: cmake -D IN=file -D OUT=file.c -D NAME=symbol -D HEADER=header.h -P embed.cmake
# The header declares `extern const char NAME[]` (NUL-terminated) and `extern const size_t
# NAME_length` (without the NUL).
file(READ "${IN}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes
       "${bytes}")
file(WRITE "${OUT}" "#include \"${HEADER}\"\n\nconst char ${NAME}[] = {\n${bytes}0\n};\n"
     "const size_t ${NAME}_length = ${length};\n")
