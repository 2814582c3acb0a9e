#include "base/file.h"
#include "harness/cli.h"

int main(int argc, char **argv)
{
    file_open_standard();
    return file_close_standard(cli_main(argc, argv), EXIT_INVALID_RUN);
}
