# How the project's targets are made. Each library exports exactly one include prefix, its own: a
# folder of links in the build tree makes `#include "core/engine.h"` compile only in a target that
# links `core`, so the compiler itself keeps the arrows of docs/ARCHITECTURE.md.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# NDEBUG is never defined: an assert marks our own bug, and it stays on in production.
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum
                    -Wmissing-prototypes -Wvla -Werror)

set(TOLLGATE_INCLUDE "${CMAKE_BINARY_DIR}/include")

# tollgate_library(NAME [PREFIX prefix] SOURCES ... [LINKS ...] [PRIVATE_LINKS ...])
# PREFIX is the first part of the include path (default: the target's name).
function(tollgate_library name)
    cmake_parse_arguments(ARG "" "PREFIX" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
    if(NOT ARG_PREFIX)
        set(ARG_PREFIX ${name})
    endif()
    add_library(${name} STATIC ${ARG_SOURCES})
    set(farm "${TOLLGATE_INCLUDE}/${name}")
    file(MAKE_DIRECTORY "${farm}")
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${farm}/${ARG_PREFIX}" SYMBOLIC)
    target_include_directories(${name} PUBLIC "${farm}")
    target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})

    # Every header compiles alone.
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}"
         "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
    set(units)
    foreach(header IN LISTS headers)
        string(REPLACE "." "_" stem "${header}")
        set(unit "${CMAKE_BINARY_DIR}/headers/${name}/${stem}.c")
        if(NOT EXISTS "${unit}")
            file(WRITE "${unit}" "#include \"${ARG_PREFIX}/${header}\"\ntypedef int not_empty;\n")
        endif()
        list(APPEND units "${unit}")
    endforeach()
    if(units)
        add_library(${name}_headers OBJECT ${units})
        target_link_libraries(${name}_headers PRIVATE ${name})
    endif()
endfunction()

# tollgate_test(NAME LINKS ...): builds NAME.c in this folder with cmocka and registers it with ctest.
function(tollgate_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "LINKS;SOURCES" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(${name} ${name}.c ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} PkgConfig::CMOCKA)
    target_compile_definitions(${name} PRIVATE
        TOLLGATE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TOLLGATE_BINARY_DIR="${CMAKE_BINARY_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
