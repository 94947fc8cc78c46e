// KubeVirt's virtctl of its published packages. Its own main cannot be built from the module proxy: modules of the command
// `template` are not served there. That one is left out, all others are upstream's.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"kubevirt.io/client-go/kubecli"
	"kubevirt.io/client-go/log"

	"kubevirt.io/kubevirt/pkg/virtctl/adm"
	"kubevirt.io/kubevirt/pkg/virtctl/clientconfig"
	"kubevirt.io/kubevirt/pkg/virtctl/configuration"
	"kubevirt.io/kubevirt/pkg/virtctl/console"
	"kubevirt.io/kubevirt/pkg/virtctl/create"
	"kubevirt.io/kubevirt/pkg/virtctl/credentials"
	"kubevirt.io/kubevirt/pkg/virtctl/expose"
	"kubevirt.io/kubevirt/pkg/virtctl/guestfs"
	"kubevirt.io/kubevirt/pkg/virtctl/imageupload"
	"kubevirt.io/kubevirt/pkg/virtctl/memorydump"
	"kubevirt.io/kubevirt/pkg/virtctl/objectgraph"
	"kubevirt.io/kubevirt/pkg/virtctl/pause"
	"kubevirt.io/kubevirt/pkg/virtctl/portforward"
	"kubevirt.io/kubevirt/pkg/virtctl/reset"
	"kubevirt.io/kubevirt/pkg/virtctl/scp"
	"kubevirt.io/kubevirt/pkg/virtctl/softreboot"
	"kubevirt.io/kubevirt/pkg/virtctl/ssh"
	"kubevirt.io/kubevirt/pkg/virtctl/unpause"
	"kubevirt.io/kubevirt/pkg/virtctl/usbredir"
	"kubevirt.io/kubevirt/pkg/virtctl/version"
	"kubevirt.io/kubevirt/pkg/virtctl/vm"
	"kubevirt.io/kubevirt/pkg/virtctl/vmexport"
	"kubevirt.io/kubevirt/pkg/virtctl/vnc"
)

func main() {
	log.InitializeLogging("virtctl")
	root := &cobra.Command{Use: "virtctl", SilenceUsage: true, SilenceErrors: true}
	flags := root.PersistentFlags()
	flags.AddFlag(pflag.PFlagFromGoFlag(flag.CommandLine.Lookup("v")))
	root.SetOut(os.Stdout)
	root.SetContext(clientconfig.NewContext(context.Background(), kubecli.DefaultClientConfig(flags)))
	root.AddCommand(
		adm.NewCommand(),
		configuration.NewListPermittedDevices(),
		console.NewCommand(),
		create.NewCommand(),
		credentials.NewCommand(),
		expose.NewCommand(),
		guestfs.NewGuestfsShellCommand(),
		imageupload.NewImageUploadCommand(),
		memorydump.NewMemoryDumpCommand(),
		objectgraph.NewCommand(),
		pause.NewCommand(),
		portforward.NewCommand(),
		reset.NewResetCommand(),
		scp.NewCommand(),
		softreboot.NewSoftRebootCommand(),
		ssh.NewCommand(),
		unpause.NewCommand(),
		usbredir.NewCommand(),
		version.VersionCommand(),
		vm.NewAddVolumeCommand(),
		vm.NewEvacuateCancelCommand(),
		vm.NewExpandCommand(),
		vm.NewFSListCommand(),
		vm.NewGuestOsInfoCommand(),
		vm.NewMigrateCancelCommand(),
		vm.NewMigrateCommand(),
		vm.NewRemoveVolumeCommand(),
		vm.NewRestartCommand(),
		vm.NewStartCommand(),
		vm.NewStopCommand(),
		vm.NewUserListCommand(),
		vmexport.NewVirtualMachineExportCommand(),
		vnc.NewCommand(),
	)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
