#include "probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_SECONDS 4

/* What is being tried, for the report of the alarm. */
static const char *volatile step = "open";

static int unusable(const char *reason) {
    printf("unusable step=%s reason=%s\n", step, reason);
    return 1;
}

#if defined(__x86_64__)
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define MEMORY_SIZE 0x10000
#define PML4 0x1000
#define PDPT 0x2000
#define PAGE_DIRECTORY 0x3000
#define CODE 0x4000
#define STACK 0x9000
#define TSS_ADDRESS 0xfffbd000
#define PORT 0xf4
#define ANSWER 0x2468
#define MAXIMUM_CPUID_ENTRIES 256

/* Writes EFER, asks CPUID, adds in an SSE register, counts 1,000,000 down, says the sum, halts. */
__asm__(
        ".pushsection .rodata\n"
        "probe_payload:\n"
        "  mov $0xc0000080, %ecx\n  rdmsr\n  or $1, %eax\n  wrmsr\n"
        "  xor %eax, %eax\n  xor %ecx, %ecx\n  cpuid\n"
        "  mov $0x1234, %eax\n  movd %eax, %xmm0\n  paddd %xmm0, %xmm0\n"
        "  mov $1000000, %ecx\n1:  dec %ecx\n  jnz 1b\n"
        "  push %rcx\n  pop %rcx\n  movd %xmm0, %eax\n  out %eax, $0xf4\n  hlt\n"
        "probe_payload_end:\n"
        ".popsection\n");
extern const uint8_t probe_payload[], probe_payload_end[];

struct machine {
    int kvm, vm, vcpu;
    uint8_t *memory;
    struct kvm_run *run;
    size_t run_size;
};

static int system_error(void) { return unusable(strerror(errno)); }

static void on_alarm(int number) {
    (void)number;
    char line[128] = "unusable step=";
    strcat(line, step);
    strcat(line, " reason=nothing happened for 4 s\n");
    if (write(STDOUT_FILENO, line, strlen(line)) < 0) _exit(2);
    _exit(1);
}

static void write_entry(uint8_t *memory, size_t table, uint64_t entry) { memcpy(memory + table, &entry, sizeof entry); }

static int make_memory(struct machine *machine) {
    step = "memory";
    machine->memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (machine->memory == MAP_FAILED) return system_error();
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY_SIZE,
                                                 .userspace_addr = (uint64_t)(uintptr_t)machine->memory};
    if (ioctl(machine->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0) return system_error();
    if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0) return system_error();
    write_entry(machine->memory, PML4, PDPT | 3);            /* present, writable */
    write_entry(machine->memory, PDPT, PAGE_DIRECTORY | 3);
    write_entry(machine->memory, PAGE_DIRECTORY, 0x83);      /* one page of 2 MiB at 0 */
    memcpy(machine->memory + CODE, probe_payload, (size_t)(probe_payload_end - probe_payload));
    return 0;
}

static int set_cpuid(struct machine *machine) {
    step = "cpuid";
    struct kvm_cpuid2 *cpuid = calloc(1, sizeof *cpuid + MAXIMUM_CPUID_ENTRIES * sizeof *cpuid->entries);
    if (cpuid == NULL) return system_error();
    cpuid->nent = MAXIMUM_CPUID_ENTRIES;
    int result = 0;
    if (ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0 || ioctl(machine->vcpu, KVM_SET_CPUID2, cpuid) < 0) {
        result = system_error();
    }
    free(cpuid);
    return result;
}

static int set_registers(struct machine *machine) {
    struct kvm_sregs special;
    struct kvm_regs general = {.rip = CODE, .rsp = STACK, .rflags = 2};
    struct kvm_segment code = {.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
    struct kvm_segment data = {.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
    step = "registers";
    if (ioctl(machine->vcpu, KVM_GET_SREGS, &special) < 0) return system_error();
    special.cs = code;
    special.ds = special.es = special.fs = special.gs = special.ss = data;
    special.cr3 = PML4;
    special.cr4 = 0x620;       /* PAE, OSFXSR, OSXMMEXCPT */
    special.cr0 = 0x80000013;  /* PG, ET, MP, PE */
    special.efer = 0x500;      /* LMA, LME */
    if (ioctl(machine->vcpu, KVM_SET_SREGS, &special) < 0 || ioctl(machine->vcpu, KVM_SET_REGS, &general) < 0) {
        return system_error();
    }
    return 0;
}

static int make_machine(struct machine *machine) {
    machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (machine->kvm < 0) return system_error();
    step = "version";
    if (ioctl(machine->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) return unusable("the API version is not 12");
    step = "vm";
    machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
    if (machine->vm < 0) return system_error();
    if (make_memory(machine) != 0) return 1;
    step = "vcpu";
    machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
    int size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (machine->vcpu < 0 || size < (int)sizeof *machine->run) return system_error();
    machine->run_size = (size_t)size;
    machine->run = mmap(NULL, machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
    if (machine->run == MAP_FAILED) return system_error();
    return set_cpuid(machine) != 0 || set_registers(machine) != 0;
}

static int wrong_exit(const struct kvm_run *run) {
    char reason[64];
    snprintf(reason, sizeof reason, "the vCPU stopped with KVM exit %u", run->exit_reason);
    return unusable(reason);
}

static int run_until(struct machine *machine, const char *name, uint32_t exit_reason) {
    step = name;
    if (ioctl(machine->vcpu, KVM_RUN, 0) < 0) return system_error();
    return machine->run->exit_reason == exit_reason ? 0 : wrong_exit(machine->run);
}

static int check_answer(const struct machine *machine) {
    const struct kvm_run *run = machine->run;
    uint32_t answer = 0;
    if (run->io.port != PORT || run->io.size != sizeof answer || run->io.direction != KVM_EXIT_IO_OUT ||
            run->io.data_offset > machine->run_size - sizeof answer) {
        return unusable("the vCPU did not write to its port");
    }
    memcpy(&answer, (const uint8_t *)run + run->io.data_offset, sizeof answer);
    return answer == ANSWER ? 0 : unusable("the vCPU cannot add");
}

int probe_kvm(void) {
    struct machine machine = {0};
    struct timespec begin, end;
    signal(SIGALRM, on_alarm);
    alarm(LIMIT_SECONDS);
    if (make_machine(&machine) != 0) return 1;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (run_until(&machine, "run", KVM_EXIT_IO) != 0 || check_answer(&machine) != 0 ||
            run_until(&machine, "halt", KVM_EXIT_HLT) != 0) {
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("usable nanos=%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
    return 0;
}

#else

int probe_kvm(void) {
    step = "architecture";
    return unusable("the probe knows x86-64 only");
}

#endif
