/* Requests: the first message of every stream the host opens, and who answers it. */
#ifndef BANGER_REQUEST_H
#define BANGER_REQUEST_H

#include "wire.h"
#include "yamux.h"

/* Takes over the stream: replies and closes it, or sets its next handler. The body lives until the handler returns. */
typedef void request_handler(struct yamux_stream *stream, struct wire_reader body);

/* For session_start: reads the stream's request, then calls its handler. */
void request_accepted(struct yamux *session, struct yamux_stream *stream);

/* Requests about the machine are in machine.c, the others with their subject. */
request_handler machine_info, machine_configure, machine_apply, machine_identity, machine_set_clock, machine_power;
request_handler exec_start, exec_output, exec_input, exec_wait, exec_signal, exec_resize, exec_forget, exec_list;
request_handler connect_request, listen_request, datagrams_request;

/* Runs the request in a child when a service is there for its kind; false: there is none. */
bool service_request(uint16_t kind, struct yamux_stream *stream, struct wire_reader body);

#endif
