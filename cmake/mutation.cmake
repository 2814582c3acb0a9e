# With TOLLGATE_MUTATION, the policy core is compiled with all its mutants woven in (./dev mutate): then
# TOLLGATE_MUTANT=17 in the environment of any program puts mutant 17 in force.
option(TOLLGATE_MUTATION "Weave the mutants of runtime/core in (needs libclang)" OFF)

# tollgate_weave(VARIABLE): replaces the sources named in the list VARIABLE, of the current folder, by
# their woven ones. Called once.
function(tollgate_weave variable)
    set(folder "${CMAKE_SOURCE_DIR}/tests/mutation")
    set(resilience "${folder}/resilience.tsv")
    set(out "${CMAKE_BINARY_DIR}/woven")
    file(MAKE_DIRECTORY "${out}")
    file(GLOB llvm /usr/lib/llvm-*)
    find_path(CLANG_INCLUDE clang-c/Index.h PATHS ${llvm} PATH_SUFFIXES include REQUIRED)
    find_library(CLANG_LIBRARY clang PATHS ${llvm} PATH_SUFFIXES lib REQUIRED)
    # stddef.h and its like, which the parser does not find by itself.
    file(GLOB builtin "${CLANG_INCLUDE}/../lib/clang/*/include")

    add_executable(weave "${folder}/weave.c" "${folder}/points.c")
    target_include_directories(weave SYSTEM PRIVATE "${CLANG_INCLUDE}")
    target_link_libraries(weave PRIVATE base "${CLANG_LIBRARY}")

    set(woven "${folder}/in_force.c")
    set(id 1)
    foreach(source IN LISTS ${variable})
        set(original "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
        string(REPLACE ".c" ".tsv" points "${source}")
        add_custom_command(
            OUTPUT "${out}/${source}" "${out}/${points}"
            COMMAND weave "${original}" "${resilience}" "${out}/${source}" "${out}/${points}" ${id}
                    -std=c11 -D_GNU_SOURCE -I${TOLLGATE_INCLUDE}/base -I${TOLLGATE_INCLUDE}/core
                    -I${builtin}
            DEPENDS weave "${original}" "${resilience}")
        set_source_files_properties("${out}/${source}" PROPERTIES COMPILE_OPTIONS -w)
        list(APPEND woven "${out}/${source}")
        math(EXPR id "${id} + 10000") # more than a file has points
    endforeach()
    set(${variable} "${woven}" PARENT_SCOPE)
endfunction()
