import { configureOs } from "./os.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureOs", configureOs, [
  ["boots q35 by BIOS", {}, [
    '<os><type arch="x86_64" machine="q35">hvm</type><smbios mode="sysinfo"/></os>',
  ]],
  ["boots a kernel with initrd and arguments", {
    domain: {
      firmware: {
        kernelBoot: {
          kernelArgs: 'console=ttyS0 a="b"',
          container: { image: "i", kernelPath: "/k", initrdPath: "/i" },
        },
      },
    },
  }, [
    '<os><type arch="x86_64" machine="q35">hvm</type><kernel>@VMDIR@/kernel/vmlinuz</kernel>' +
    "<initrd>@VMDIR@/kernel/initrd</initrd><cmdline>console=ttyS0 a=&quot;b&quot;</cmdline>" +
    '<smbios mode="sysinfo"/></os>',
  ]],
  ["shows the BIOS on the serial console", {
    domain: { firmware: { bootloader: { bios: { useSerial: true } } } },
  }, [
    '<os><type arch="x86_64" machine="q35">hvm</type><bios useserial="yes"/>' +
    '<smbios mode="sysinfo"/></os>',
  ]],
  ["boots EFI where the node has it", {
    domain: { firmware: { bootloader: { efi: { secureBoot: false } } } },
    facts: { efi: { code: "/code", variables: "/vars" } },
  }, [
    '<os><type arch="x86_64" machine="q35">hvm</type>' +
    '<loader readonly="yes" secure="no" type="pflash">/code</loader>' +
    '<nvram template="/vars">@VMDIR@/nvram.fd</nvram><smbios mode="sysinfo"/></os>',
  ]],
  ["refuses secure boot where the node has none", {
    domain: { firmware: { bootloader: { efi: {} } } },
    facts: { efi: { code: "/code", variables: "/vars" } },
  }, ["refused: spec.domain.firmware.bootloader.efi"]],
  ["refuses persistent EFI variables", {
    domain: { firmware: { bootloader: { efi: { persistent: true } } } },
  }, ["refused: spec.domain.firmware.bootloader.efi.persistent"]],
]);
