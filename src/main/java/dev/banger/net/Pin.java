package dev.banger.net;

import dev.banger.net.egress.Service;
import java.net.InetAddress;

/** An address that a VM may connect to for a name that its list has. */
record Pin(InetAddress address, Service service) {}
