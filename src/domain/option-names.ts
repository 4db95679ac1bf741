/**
 * The names of all request options, by source. Nova's names come from its documentation (user guide "Extra
 * specs", Glance's "Useful image properties") and the pages of the single features; ours start with `pinfold:`.
 */

/** Extra specs that decide a placement or what the guest is told, without those that carry a cell number. */
export const PLACEMENT_EXTRA_SPECS = [
  'hw:cpu_policy',
  'hw:cpu_thread_policy',
  'hw:cpu_dedicated_mask',
  'hw:cpu_realtime',
  'hw:cpu_realtime_mask',
  'hw:emulator_threads_policy',
  'hw:emulator_threads_mask',
  'hw:numa_nodes',
  'hw:mem_page_size',
  'hw:locked_memory',
  'hw:pci_numa_affinity_policy',
  'hw:cpu_sockets',
  'hw:cpu_cores',
  'hw:cpu_threads',
  'hw:cpu_max_sockets',
  'hw:cpu_max_cores',
  'hw:cpu_max_threads',
  'hw:maxphysaddr_mode',
  'hw:maxphysaddr_bits',
] as const;

/** Options beyond Nova's; the operator's only. */
export const PINFOLD_OPTIONS = [
  'pinfold:threads',
  'pinfold:cache',
  'pinfold:cpu_kind',
  'pinfold:cells',
  'pinfold:iothreads',
  'pinfold:confine',
  'pinfold:auto_numa',
  'pinfold:reserve_hotplug',
] as const;

/** Image properties that refine a placement, without those that carry a cell number. */
export const PLACEMENT_IMAGE_PROPERTIES = [
  'hw_cpu_policy',
  'hw_cpu_thread_policy',
  'hw_cpu_realtime_mask',
  'hw_emulator_threads_policy',
  'hw_emulator_threads_mask',
  'hw_numa_nodes',
  'hw_mem_page_size',
  'hw_locked_memory',
  'hw_pci_numa_affinity_policy',
  'hw_cpu_sockets',
  'hw_cpu_cores',
  'hw_cpu_threads',
  'hw_cpu_max_sockets',
  'hw_cpu_max_cores',
  'hw_cpu_max_threads',
  'hw_maxphysaddr_mode',
  'hw_maxphysaddr_bits',
] as const;

/** Options that carry the number of a guest cell behind a dot: `hw:numa_cpus.0`. */
export const CELL_EXTRA_SPECS = ['hw:numa_cpus', 'hw:numa_mem'] as const;
/** The same among image properties: `hw_numa_cpus.0`. */
export const CELL_IMAGE_PROPERTIES = ['hw_numa_cpus', 'hw_numa_mem'] as const;

/** How many guest cells Nova reads at most (`NUMA_NODES_MAX` of its image properties): `.0` to `.127`. */
export const CELL_OPTIONS_READ = 128;

/** Nova's other `hw:` extra specs: no matter of placement. */
export const OTHER_EXTRA_SPECS = [
  'hw:boot_menu',
  'hw:ephemeral_encryption',
  'hw:ephemeral_encryption_format',
  'hw:ephemeral_encryption_secret_uuid',
  'hw:firmware_stateless',
  'hw:hide_hypervisor_id',
  'hw:mem_encryption',
  'hw:mem_encryption_model',
  'hw:pmem',
  'hw:pmu',
  'hw:redirected_usb_ports',
  'hw:serial_port_count',
  'hw:sound_model',
  'hw:tpm_model',
  'hw:tpm_secret_security',
  'hw:tpm_version',
  'hw:usb_model',
  'hw:vif_multiqueue_enabled',
  'hw:viommu_model',
  'hw:virtio_packed_ring',
  'hw:watchdog_action',
  'hw_rng:allowed',
  'hw_rng:rate_bytes',
  'hw_rng:rate_period',
  'hw_video:ram_max_mb',
] as const;

/** Nova's other `hw_` image properties: no matter of placement. */
export const OTHER_IMAGE_PROPERTIES = [
  'hw_architecture',
  'hw_auto_disk_config',
  'hw_boot_menu',
  'hw_cdrom_bus',
  'hw_device_id',
  'hw_disk_bus',
  'hw_disk_type',
  'hw_emulation_architecture',
  'hw_ephemeral_encryption',
  'hw_ephemeral_encryption_format',
  'hw_ephemeral_encryption_secret_uuid',
  'hw_firmware_stateless',
  'hw_firmware_type',
  'hw_floppy_bus',
  'hw_input_bus',
  'hw_ipxe_boot',
  'hw_machine_type',
  'hw_mem_encryption',
  'hw_mem_encryption_model',
  'hw_pmu',
  'hw_pointer_model',
  'hw_qemu_guest_agent',
  'hw_redirected_usb_ports',
  'hw_rescue_bus',
  'hw_rescue_device',
  'hw_rng_model',
  'hw_scsi_model',
  'hw_serial_port_count',
  'hw_sound_model',
  'hw_time_hpet',
  'hw_tpm_model',
  'hw_tpm_version',
  'hw_usb_model',
  'hw_video_model',
  'hw_video_ram',
  'hw_vif_model',
  'hw_vif_multiqueue_enabled',
  'hw_viommu_model',
  'hw_virtio_packed_ring',
  'hw_vm_mode',
  'hw_watchdog_action',
] as const;
