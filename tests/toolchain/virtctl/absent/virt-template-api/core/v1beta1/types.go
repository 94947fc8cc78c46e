// Package v1beta1 has the type that KubeVirt's informers compile against.
package v1beta1

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

type VirtualMachineTemplate struct {
	unstructured.Unstructured
}
