#ifndef BANGER_SHIM_FAILURE_H
#define BANGER_SHIM_FAILURE_H

/* Why a start failed: a code for programs, and one line for people. */
struct failure {
    char code[16];
    char message[1024];
};

/* Fills in the failure. Control characters become '?': the report is one line. Always returns false. */
_Bool failed(struct failure *failure, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* As failed(), with ": " and the text of errno at the end. */
_Bool failed_errno(struct failure *failure, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
