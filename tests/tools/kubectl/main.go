// kubectl as its own repository builds it: what prints manifests, folds kustomizations and makes Jobs
// of CronJobs is all in k8s.io/kubectl; only this file stands in that of k8s.io/kubernetes, which would
// bring the whole control plane along.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
