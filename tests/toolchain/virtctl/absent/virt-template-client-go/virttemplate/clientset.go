// Package virttemplate has the calls that KubeVirt's informers compile against; virtctl makes none of them.
package virttemplate

import (
	"errors"

	"k8s.io/client-go/rest"
)

type Clientset struct{}

func NewForConfig(*rest.Config) (*Clientset, error) {
	return nil, errors.New("templates are not part of this build")
}

func (*Clientset) TemplateV1beta1() *Clientset { return nil }

func (*Clientset) RESTClient() rest.Interface { return nil }
