#include "nics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlink.h"
#include "user.h"

/* In each network namespace. */
enum { LOOPBACK = 1 };

/* An address or a network. */
struct prefix {
    uint8_t family;
    uint8_t length; /* bits */
    uint8_t bytes[16];
    size_t size;
};

static bool parse_prefix(const char *text, struct prefix *prefix) {
    char address[INET6_ADDRSTRLEN + 1];
    size_t length = strcspn(text, "/");
    if (length >= sizeof address) return false;
    memcpy(address, text, length);
    address[length] = 0;
    memset(prefix, 0, sizeof *prefix);
    prefix->family = strchr(address, ':') == NULL ? AF_INET : AF_INET6;
    prefix->size = prefix->family == AF_INET ? 4 : 16;
    unsigned bits = (unsigned)prefix->size * 8;
    if (inet_pton(prefix->family, address, prefix->bytes) != 1) return false;
    if (text[length] == '/' && (!user_number(text + length + 1, &bits) || bits > prefix->size * 8)) return false;
    prefix->length = (uint8_t)bits;
    return true;
}

struct search {
    const uint8_t *mac;
    char *name;
    unsigned index; /* 0: not found */
};

static void look_at(const struct nlmsghdr *message, void *context) {
    struct search *search = context;
    const struct ifinfomsg *link = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWLINK) return;
    const char *name = NULL;
    bool ours = false;
    int left = (int)IFLA_PAYLOAD(message);
    for (const struct rtattr *at = IFLA_RTA(link); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        if (at->rta_type == IFLA_ADDRESS) ours = RTA_PAYLOAD(at) == 6 && memcmp(RTA_DATA(at), search->mac, 6) == 0;
        if (at->rta_type == IFLA_IFNAME && RTA_PAYLOAD(at) <= IF_NAMESIZE) name = RTA_DATA(at);
    }
    if (!ours || name == NULL || search->index != 0) return;
    search->index = (unsigned)link->ifi_index;
    snprintf(search->name, IF_NAMESIZE, "%s", name);
}

static unsigned find_link(int fd, const uint8_t mac[6], char *name) {
    struct netlink_request request;
    netlink_begin(&request, RTM_GETLINK, 0, sizeof request.body.link);
    uint32_t mask = RTEXT_FILTER_SKIP_STATS;
    netlink_attribute(&request, IFLA_EXT_MASK, &mask, sizeof mask);
    struct search search = {.mac = mac, .name = name};
    netlink_dump(fd, &request, look_at, &search);
    return search.index;
}

unsigned nics_find(const uint8_t mac[6], char *name) {
    int fd = netlink_open();
    if (fd < 0) return 0;
    unsigned index = find_link(fd, mac, name);
    close(fd);
    return index;
}

static int set_link(int fd, unsigned index, uint16_t mtu) {
    struct netlink_request request;
    netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.body.link);
    request.body.link.ifi_index = (int)index;
    request.body.link.ifi_flags = IFF_UP;
    request.body.link.ifi_change = IFF_UP;
    uint32_t bytes = mtu;
    if (mtu != 0) netlink_attribute(&request, IFLA_MTU, &bytes, sizeof bytes);
    return netlink_do(fd, &request);
}

static int add_address(int fd, unsigned index, const struct prefix *prefix) {
    struct netlink_request request;
    netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.body.address);
    request.body.address.ifa_family = prefix->family;
    request.body.address.ifa_prefixlen = prefix->length;
    request.body.address.ifa_index = index;
    /* The host gives an address to one guest: looking for a second owner would cost a second. */
    if (prefix->family == AF_INET6) request.body.address.ifa_flags = IFA_F_NODAD;
    netlink_attribute(&request, IFA_LOCAL, prefix->bytes, prefix->size);
    netlink_attribute(&request, IFA_ADDRESS, prefix->bytes, prefix->size);
    if (prefix->family == AF_INET && prefix->length < 31) {
        uint32_t address;
        memcpy(&address, prefix->bytes, sizeof address);
        uint32_t broadcast = address | htonl(prefix->length == 0 ? UINT32_MAX : UINT32_MAX >> prefix->length);
        netlink_attribute(&request, IFA_BROADCAST, &broadcast, sizeof broadcast);
    }
    return netlink_do(fd, &request);
}

static int add_route(int fd, unsigned index, const struct prefix *to, const struct prefix *via, uint32_t metric) {
    struct netlink_request request;
    netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.body.route);
    struct rtmsg *route = &request.body.route;
    route->rtm_family = to->family;
    route->rtm_dst_len = to->length;
    route->rtm_table = RT_TABLE_MAIN;
    route->rtm_protocol = RTPROT_STATIC;
    route->rtm_scope = via == NULL ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    route->rtm_type = RTN_UNICAST;
    if (to->length > 0) netlink_attribute(&request, RTA_DST, to->bytes, to->size);
    if (via != NULL) netlink_attribute(&request, RTA_GATEWAY, via->bytes, via->size);
    netlink_attribute(&request, RTA_OIF, &index, sizeof index);
    if (metric != 0) netlink_attribute(&request, RTA_PRIORITY, &metric, sizeof metric);
    return netlink_do(fd, &request);
}

static void apply_route(struct configuration *configuration, int fd, const char *name, unsigned index, const struct route *route) {
    struct prefix to, via;
    bool has_via = route->via[0] != 0;
    int error = EINVAL;
    if (parse_prefix(route->destination, &to) && (!has_via || (parse_prefix(route->via, &via) && via.family == to.family))) {
        error = add_route(fd, index, &to, has_via ? &via : NULL, route->metric);
    }
    if (error == 0) return;
    configuration_warn(configuration, "cannot route %s via '%s' on %s: %s", route->destination, route->via, name, strerror(error));
}

static void apply_nic(struct configuration *configuration, int fd, const struct nic *nic) {
    char name[IF_NAMESIZE] = "";
    const uint8_t *mac = nic->mac;
    unsigned index = find_link(fd, mac, name);
    if (index == 0) {
        configuration_warn(configuration, "there is no link with address %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
            mac[3], mac[4], mac[5]);
        return;
    }
    int error = set_link(fd, index, nic->mtu);
    if (error != 0) configuration_warn(configuration, "cannot bring %s up: %s", name, strerror(error));
    for (size_t i = 0; i < nic->address_count; i++) {
        struct prefix prefix;
        error = parse_prefix(nic->addresses[i], &prefix) ? add_address(fd, index, &prefix) : EINVAL;
        if (error != 0 && error != EEXIST) {
            configuration_warn(configuration, "cannot give %s the address %s: %s", name, nic->addresses[i], strerror(error));
        }
    }
    for (size_t i = 0; i < nic->route_count; i++) apply_route(configuration, fd, name, index, &nic->routes[i]);
}

void nics_look_ahead(void) {
    int fd = netlink_open();
    if (fd < 0) return;
    set_link(fd, LOOPBACK, 0);
    close(fd);
}

void nics_apply(struct configuration *configuration) {
    int fd = netlink_open();
    if (fd < 0) {
        configuration_warn(configuration, "cannot open rtnetlink: %s", strerror(errno));
        return;
    }
    set_link(fd, LOOPBACK, 0);
    for (size_t i = 0; i < configuration->nic_count; i++) apply_nic(configuration, fd, &configuration->nics[i]);
    close(fd);
}

/* What a flush deletes, collected first: a dump must not be changed while it runs. */
struct flush {
    struct nlmsghdr *messages[1024];
    size_t count;
    const struct configuration *configuration;
};

/* Bridges and the like, which the guest made itself, keep what they have. */
static bool is_configured(const struct configuration *configuration, int index) {
    char name[IF_NAMESIZE];
    for (size_t i = 0; i < configuration->nic_count; i++) {
        if (index != 0 && (int)nics_find(configuration->nics[i].mac, name) == index) return true;
    }
    return false;
}

static int link_of(const struct nlmsghdr *message) {
    const void *body = NLMSG_DATA(message);
    if (message->nlmsg_type == RTM_NEWADDR) return (int)((const struct ifaddrmsg *)body)->ifa_index;
    if (message->nlmsg_type == RTM_NEWNEIGH) return ((const struct ndmsg *)body)->ndm_ifindex;
    int left = (int)RTM_PAYLOAD(message);
    for (struct rtattr *at = RTM_RTA((struct rtmsg *)body); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        if (at->rta_type == RTA_OIF) return *(int *)RTA_DATA(at);
    }
    return 0;
}

static void collect(const struct nlmsghdr *message, void *context) {
    struct flush *flush = context;
    if (flush->count == sizeof flush->messages / sizeof *flush->messages) return;
    if (!is_configured(flush->configuration, link_of(message))) return;
    const struct rtmsg *route = NLMSG_DATA(message);
    if (message->nlmsg_type == RTM_NEWROUTE && route->rtm_table != RT_TABLE_MAIN) return;
    struct nlmsghdr *copy = malloc(message->nlmsg_len);
    if (copy == NULL) return;
    memcpy(copy, message, message->nlmsg_len);
    flush->messages[flush->count++] = copy;
}

/* Every message RTM_NEWx is asked back as RTM_DELx, one above it. */
static void flush_kind(int fd, struct flush *flush, uint16_t get, size_t fixed) {
    struct netlink_request request;
    netlink_begin(&request, get, 0, fixed);
    flush->count = 0;
    netlink_dump(fd, &request, collect, flush);
    for (size_t i = 0; i < flush->count; i++) {
        struct nlmsghdr *message = flush->messages[i];
        if (message->nlmsg_len <= sizeof request) {
            memcpy(&request, message, message->nlmsg_len);
            request.header.nlmsg_type++;
            request.header.nlmsg_flags = NLM_F_REQUEST;
            netlink_do(fd, &request);
        }
        free(message);
    }
}

void nics_flush(struct configuration *configuration) {
    struct flush *flush = malloc(sizeof *flush);
    int fd = netlink_open();
    if (fd < 0 || flush == NULL) {
        configuration_warn(configuration, "cannot flush the links: %s", strerror(errno));
    } else {
        flush->configuration = configuration;
        flush_kind(fd, flush, RTM_GETROUTE, sizeof(struct rtmsg));
        flush_kind(fd, flush, RTM_GETADDR, sizeof(struct ifaddrmsg));
        flush_kind(fd, flush, RTM_GETNEIGH, sizeof(struct ndmsg));
    }
    if (fd >= 0) close(fd);
    free(flush);
}
